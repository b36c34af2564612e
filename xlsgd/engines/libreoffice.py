"""The engine that has LibreOffice recalculate: started unseen, with a profile of its own.

By default LibreOffice shows the values stored in an xlsx file that it did not write itself, and
never notices that they are stale. The profile tells it to calculate always.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from xlsgd.base.errors import EngineError
from xlsgd.engines import FIFTEEN_DIGITS, NEAR_ZERO
from xlsgd.engines.installed import needed
from xlsgd.engines.programs import TIME_LIMIT, ProgramEngine, run_program, without_network

__all__ = ["ENGINE", "FILTERS", "LibreOfficeEngine", "convert", "find_soffice", "soffice_command"]

FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".pdf": "calc_pdf_Export"}

_MISSING = "install LibreOffice (Debian, Ubuntu: apt-get install libreoffice-calc)"

# RecalcMode 0 is "always". Grammar 1 is Excel's A1 notation, so that formulas are typed as in
# Excel: IF(A1>0,Sheet2!B1,0). The locale fixes the decimal point. Files come from strangers: no
# macro runs, and no link to another file or to the network is followed (Link 2 is "never"). What
# would ask the network all the same asks a proxy at a port where nobody is (9 is "discard").
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
           xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
  <prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
  <prop oor:name="ODFRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Syntax">
  <prop oor:name="Grammar" oor:op="fuse"><value>1</value></prop>
  <prop oor:name="EnglishFunctionName" oor:op="fuse"><value>true</value></prop>
  <prop oor:name="SeparatorArg" oor:op="fuse"><value>,</value></prop>
  <prop oor:name="SeparatorArrayCol" oor:op="fuse"><value>,</value></prop>
  <prop oor:name="SeparatorArrayRow" oor:op="fuse"><value>;</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update">
  <prop oor:name="Link" oor:op="fuse"><value>2</value></prop>
</item>
<item oor:path="/org.openoffice.Inet/Settings">
  <prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop>
  <prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop>
  <prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop>
  <prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop>
  <prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop>
  <prop oor:name="ooInetFTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop>
  <prop oor:name="ooInetFTPProxyPort" oor:op="fuse"><value>9</value></prop>
  <prop oor:name="ooInetNoProxy" oor:op="fuse"><value></value></prop>
</item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
  <prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
  <prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
</item>
<item oor:path="/org.openoffice.Setup/L10N">
  <prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>en-US</value></prop>
</item>
</oor:items>
"""


LONGEST_NAME = 240
"""Bytes of a file's name with which LibreOffice is troubled; most disks take 255."""


def find_soffice() -> Path | None:
    """Return LibreOffice's program, or None."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found:
        return Path(found)
    mac = Path("/Applications/LibreOffice.app/Contents/MacOS/soffice")
    return mac if mac.exists() else None


def soffice_command(folder: Path) -> list[str]:
    """Return the command that starts LibreOffice unseen, with a fresh profile in a folder.

    Raises EngineError if it is not installed.
    """
    soffice = needed("libreoffice", find_soffice(), _MISSING)
    profile = folder / "profile"
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS, encoding="utf-8")
    return [
        str(soffice),
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--norestore",
        "--nologo",
        "--nodefault",
    ]


def convert(
    source: Path, target: Path, time_limit: float = TIME_LIMIT, opened_as: str | None = None
) -> Path:
    """Open a workbook in LibreOffice, recalculate every formula, and save it; return the target.

    target: its suffix, one of FILTERS, says as what to save it. A file of that name is replaced.
    opened_as: the name of LibreOffice's filter, where it is not to find out what the source is.
    Raises EngineError if no file came out in time.
    """
    with tempfile.TemporaryDirectory(prefix="xlsgd-libreoffice-") as temporary:
        # A folder of its own for the result: LibreOffice ends with status 0 even if it wrote
        # nothing, and an older file would then pass for the new one.
        out = Path(temporary, "out")
        opened = source.resolve(strict=True)
        if len(os.fsencode(f"{source.stem}{target.suffix}")) > LONGEST_NAME:
            # What is written has the name of what is read, with another end.
            opened = Path(temporary, f"workbook{source.suffix}")
            shutil.copyfile(source, opened)
        output = run_program(
            "LibreOffice",
            [
                *without_network(),
                *soffice_command(Path(temporary)),
                *([] if opened_as is None else [f"--infilter={opened_as}"]),
                "--convert-to",
                f"{target.suffix[1:]}:{FILTERS[target.suffix]}",
                "--outdir",
                str(out),
                str(opened),
            ],
            time_limit,
        )
        written = out / f"{opened.stem}{target.suffix}"
        if not written.exists():
            said = output[-500:]
            raise EngineError(f"{source}: LibreOffice wrote no {target.suffix[1:]} file. {said}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(written, target)
    return target


class LibreOfficeEngine(ProgramEngine):
    """Recalculates a workbook in LibreOffice."""

    name = "libreoffice"
    order = 5
    summary = "LibreOffice Calc, where it is installed"
    habits = frozenset({FIFTEEN_DIGITS, NEAR_ZERO})
    program = "LibreOffice"
    install = _MISSING

    def find(self) -> Path | None:
        return find_soffice()

    def convert(self, source: Path, target: Path) -> None:
        convert(source, target, self.time_limit)


ENGINE = LibreOfficeEngine()
