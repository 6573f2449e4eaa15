"""Configuration of the documentation site: ``python -m sphinx -W docs out/site`` builds it, without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]
# commands in the tutorials are those of the environment that builds, with one BLAS thread
os.environ["PATH"] = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import schattor_theory  # noqa: E402

project = "schattor-theory"
author = "The schattor-theory authors"
version = release = schattor_theory.__version__
copyright = author

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon",
    "mathml", "source_pages", "anchors", "reference", "command_pages", "notebooks",
]  # fmt: skip
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"schattor-theory {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
smartquotes = False
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
pygments_dark_style = "monokai"
highlight_language = "text"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_url_schemes = {"http": None, "https": None, "mailto": None, "source": None}
myst_heading_anchors = 4

autodoc_default_options = {"no-value": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
# types are words, not names to look up
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style"), "Source", "Scaling"]
toc_object_entries = False

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_merge_streams = True
nb_render_markdown_format = "myst"
