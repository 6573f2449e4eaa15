"""Schatten norms, duality maps and the geometries they make (D1, D2, D4)."""

from .certificates import DualityCertificate, polar_error_bound
from .certified import certified_duality_map
from .diagonal import DiagonalGeometry
from .exponents import Exponent, dual_exponent, exponent_label
from .product import Geometry, ProductGeometry, as_geometry
from .schatten import SchattenGeometry, duality_map, schatten_norm
from .spectral import singular_values, spectral_map, thin_svd

__all__ = [
    "DiagonalGeometry",
    "DualityCertificate",
    "Exponent",
    "Geometry",
    "ProductGeometry",
    "SchattenGeometry",
    "as_geometry",
    "certified_duality_map",
    "dual_exponent",
    "duality_map",
    "exponent_label",
    "polar_error_bound",
    "schatten_norm",
    "singular_values",
    "spectral_map",
    "thin_svd",
]
