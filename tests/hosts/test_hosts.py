"""Runs what docs/wasm-hosts.md and guest/extism/README.md show, and compares what it prints.

A block of sh, python, js, rust or c is a program; a block of text right after it is its output. A block
of wit holds declarations of wit/guard.wit. `cargo xtask hosts` installs what the programs need.
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import NamedTuple

import extism_sys  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "hosts"
PATH = [WORK / "debug", Path(sys.executable).parent, HERE / "node_modules" / ".bin"]
PROGRAMS = {"sh", "python", "js", "rust", "c"}


class Program(NamedTuple):
    place: str
    language: str
    text: str
    output: str | None


def programs(document: str) -> list[Program]:
    text = (ROOT / document).read_text(encoding="utf-8")
    found: list[Program] = []
    end = 0
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        language, content = block.groups()
        if language == "text" and text[end : block.start()].strip() == "":
            found[-1] = found[-1]._replace(output=content)
        else:
            found.append(Program(f"{document}:{text.count(chr(10), 0, block.start()) + 1}", language, content, None))
        end = block.end()
    return found


def run(program: Program) -> str:
    environment = {**os.environ, "PATH": os.pathsep.join([*map(str, PATH), os.environ["PATH"]])}
    if program.language == "sh":
        command = ["sh", "-e", "-c", program.text]
    elif program.language == "rust":
        assert program.text == (HERE / "src" / "main.rs").read_text(encoding="utf-8"), f"{program.place} is not tests/hosts/src/main.rs"
        command = ["twinguard-hosts"]
    elif program.language == "c":
        (library,) = Path(extism_sys.__file__).parent.glob("libextism_sys.*")
        source, built = WORK / "shown.c", WORK / "shown"
        source.write_text(program.text, encoding="utf-8")
        warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", *warnings, source, library, f"-Wl,-rpath,{library.parent}", "-o", built], check=True)
        command = [str(built)]
    else:
        interpreter, ending = {"python": (sys.executable, "py"), "js": ("node", "mjs")}[program.language]
        script = WORK / f"shown.{ending}"
        script.write_text(program.text, encoding="utf-8")
        command = [interpreter, str(script)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, f"{program.place} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def declarations(wit: str) -> str:
    """WIT without comments, and with one space wherever there is space."""
    return " ".join(re.sub(r"//.*", "", wit).split())


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        modules = WORK / "node_modules"  # beside the scripts, where Node looks for packages
        if not modules.is_symlink():
            modules.symlink_to(HERE / "node_modules")

    def test_every_program_prints_what_is_shown(self) -> None:
        shown = [*programs("docs/wasm-hosts.md"), *programs("guest/extism/README.md")]
        ran = set()
        for program in shown:
            if program.language in PROGRAMS:
                with self.subTest(program.place):
                    printed = run(program)
                    self.assertEqual(printed, program.output or "", program.place)
                    ran.add(program.language)
        self.assertEqual(ran, PROGRAMS)

    def test_the_contract_is_the_one_shown(self) -> None:
        contract = declarations((ROOT / "wit" / "guard.wit").read_text(encoding="utf-8"))
        for document, least in (("docs/wasm-hosts.md", 15), ("README.md", 4)):
            (shown,) = (program.text for program in programs(document) if program.language == "wit")
            lines = [declarations(line) for line in shown.splitlines() if len(line.strip()) > 1]
            self.assertGreater(len(lines), least)
            for line in lines:
                self.assertIn(line, contract)

    def test_the_readme_loads_the_plug_in_by_the_lines_of_its_document(self) -> None:
        lines = re.findall(r"^\| .+ \| `(.*extism\.wasm.*)` \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertGreaterEqual(len(lines), 6)
        document = (ROOT / "guest" / "extism" / "README.md").read_text(encoding="utf-8")
        for line in lines:
            self.assertIn(line, document)


if __name__ == "__main__":
    unittest.main()
