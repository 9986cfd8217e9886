"""Holds /openapi.json of a running service against what the service does, by schemathesis.

`kycvs-proof with` starts the service and sets KYCVS_URL and KYCVS_API_KEY. Everything that schemathesis can check is
checked, in all of its phases; what is left out stands in schemathesis.toml beside this file, each with its reason. Ends
with a line `N passed, N failed`, counted by operations and phases as its JUnit report does.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    url = os.environ["KYCVS_URL"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
        command += [f"{url}/openapi.json", "--no-color", "--report-junit-path", str(report)]
        command += sys.argv[1:]
        # Its database of examples goes to the working folder.
        status = subprocess.run(command, cwd=folder, check=False).returncode
        if not report.exists():
            print("schemathesis wrote no report")
            return 2
        cases = ElementTree.parse(report).getroot().iter("testcase")
        failed = [has_fault(case) for case in cases]
    print(f"{len(failed) - sum(failed)} passed, {sum(failed)} failed")
    return status


def has_fault(case: ElementTree.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


if __name__ == "__main__":
    sys.exit(main())
