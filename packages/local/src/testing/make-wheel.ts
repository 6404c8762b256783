import { execFileSync } from "node:child_process"

/** A wheel of one module and one console script, `greet`, as pip wants it. */
const script = `
import sys, zipfile
folder, version = sys.argv[1:]
info = "berth_greeting-%s.dist-info/" % version
files = {
  "berth_greeting.py": "VERSION = '%s'\\ndef main(): print('hello', VERSION)\\n" % version,
  info + "METADATA": "Metadata-Version: 2.1\\nName: berth-greeting\\nVersion: %s\\n" % version,
  info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
  info + "entry_points.txt": "[console_scripts]\\ngreet = berth_greeting:main\\n",
}
with zipfile.ZipFile("%s/berth_greeting-%s-py3-none-any.whl" % (folder, version), "w") as wheel:
  for name, content in files.items(): wheel.writestr(name, content)
  wheel.writestr(info + "RECORD", "".join("%s,,\\n" % name for name in [*files, info + "RECORD"]))
`

export function makeWheel(folder: string, version: string): void {
  execFileSync("python3", ["-c", script, folder, version])
}
