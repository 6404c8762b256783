import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { tarOf } from "./make-tar.ts"

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

/** A build back end that notes what it could open: one file to read, one to make. */
const backend = `
import zipfile
def look(path, mode):
  try: open(path, mode).close()
  except OSError as error: return type(error).__name__
  return "opened"
def build_wheel(folder, config_settings=None, metadata_directory=None):
  name, info = "berth_curious-1.0-py3-none-any.whl", "berth_curious-1.0.dist-info/"
  with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
    wheel.writestr("curious.py", "SEEN = " + repr([look(READABLE, "r"), look(WRITABLE, "w")]))
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: berth-curious\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "curious.py,,\\n")
  return name
`

/** Makes a source package, `berth-curious`, whose build looks around on the machine that builds it. */
export function makeCuriousSource(
  folder: string,
  paths: { readonly readable: string; readonly writable: string },
): void {
  const project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
  const own = `READABLE, WRITABLE = ${JSON.stringify(paths.readable)}, ${JSON.stringify(paths.writable)}\n${backend}`
  const root = "berth-curious-1.0"
  const archive = tarOf([
    { name: `${root}/PKG-INFO`, body: "Metadata-Version: 2.1\nName: berth-curious\nVersion: 1.0\n" },
    { name: `${root}/pyproject.toml`, body: project },
    { name: `${root}/backend.py`, body: own },
  ])
  writeFileSync(join(folder, `${root}.tar.gz`), gzipSync(archive))
}
