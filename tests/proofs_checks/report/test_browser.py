"""The page in a browser: nothing sticks out of the window at 1280 and 800 pixels, light and dark; kept as pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import matplotlib.image as image
import pytest

from proofs_checks.report.page import write_document
from proofs_checks.report.reading import read_runs
from tests.proofs_checks.report import folders

PICTURES = "SCHATTOR_PICTURES"
"""Variable with the folder in which pictures are kept; ``out/pictures`` otherwise, which git does not see."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_MEASURE = (
    "<script>addEventListener('error',e=>errors.push(e.message));var errors=[];addEventListener('load',()=>{document."
    "title=[document.documentElement.scrollWidth,innerWidth,document.documentElement.scrollHeight,errors.length]"
    ".join(' ')})</script>"
)

pytestmark = pytest.mark.slow


def browser() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is here, so the page was not looked at in a browser")
    return found


def chromium(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def measured(page: Path, width: int) -> tuple[int, int, int, int]:
    """Return the width of the content, of the window, the height, and the number of errors of scripts."""
    probe = page.with_name("measured.html")
    probe.write_text(page.read_text(encoding="utf-8").replace("<head>", f"<head>{_MEASURE}"), encoding="utf-8")
    dumped = chromium(f"--window-size={width},900", "--dump-dom", probe.as_uri()).stdout
    found = re.search(r"<title>(\d+) (\d+) (\d+) (\d+)</title>", dumped)
    assert found is not None, dumped[:300]
    return tuple(map(int, found.groups()))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    places: Sequence[Path] = (
        folders.verify(root / "verify"), folders.study(root / "small"), folders.tightness(root / "tightness"),
        folders.constants(root / "constants"), folders.crosscheck(root / "check", *["conforms", "differs"] * 2),
    )  # fmt: skip
    return write_document(read_runs(places), root / "out", "html")


@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_sticks_out_of_the_window(page: Path, width: int) -> None:
    content, window, height, errors = measured(page, width)
    assert content <= window == width
    assert height > 2000
    assert errors == 0
    assert "<script" not in page.read_text(encoding="utf-8")


def test_a_page_that_is_too_wide_is_noticed(page: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.html"
    text = page.read_text(encoding="utf-8").replace("<main>", '<main><div style="width:1500px">x</div>')
    wide.write_text(text, encoding="utf-8")
    content, window, _, _ = measured(wide, 800)
    assert content > window


@pytest.mark.parametrize("width", [1280, 800])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_kept(page: Path, width: int, scheme: str) -> None:
    folder = Path(os.environ.get(PICTURES) or Path(__file__).parents[3] / "out" / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"report-{width}-{scheme}.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    chromium(*dark, "--hide-scrollbars", f"--window-size={width},6000", f"--screenshot={picture}", page.as_uri())
    print(f"picture: {picture}")
    assert picture.stat().st_size > 50_000
    paper = float(image.imread(picture)[2, 2, :3].mean())
    # the scheme was followed: paper is nearly white, or nearly black
    assert (paper > 0.9) is (scheme == "light")
    assert (paper < 0.2) is (scheme == "dark")


def test_it_prints_in_pages(page: Path, tmp_path: Path) -> None:
    printed = tmp_path / "printed.pdf"
    chromium("--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri())
    n_pages = len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes()))
    # every section starts a page
    assert n_pages >= page.read_text(encoding="utf-8").count("<section><h2>")
