import { expect, it } from "vitest"
import { formatBytes } from "./bytes.ts"

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [1024 ** 2 - 1, "1 MiB"],
  [48 * 1024 ** 2, "48 MiB"],
  [1024 ** 6, "1 EiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
