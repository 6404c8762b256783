import { BerthError, type Code, createFinding, maxCodeBytes } from "@berth/spec"

/**
 * Bytes as the code that travels with a function.
 *
 * @throws BerthError `invalid` with the finding `code.too_large` above 900 kB packed.
 */
export function toCode({
  form,
  bytes,
  name,
}: {
  readonly form: Code["form"]
  readonly bytes: Uint8Array
  readonly name?: string
}): Code {
  if (bytes.length > maxCodeBytes) {
    const finding = createFinding("code.too_large", { bytes: bytes.length, limitBytes: maxCodeBytes })
    throw new BerthError("invalid", finding.message, { issues: [finding] })
  }
  return { form, base64: toBase64(bytes), ...(name !== undefined && { name }) }
}

/** Base64 wherever this runs: `btoa` takes one character per byte, in pieces that fit an argument list. */
export function toBase64(bytes: Uint8Array): string {
  let text = ""
  for (let offset = 0; offset < bytes.length; offset += 8192) {
    text += String.fromCharCode(...bytes.subarray(offset, offset + 8192))
  }
  return btoa(text)
}
