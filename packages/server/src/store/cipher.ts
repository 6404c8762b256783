import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto"
import { BerthError } from "@berth/spec"

/** Layout of a sealed value: version (1 byte), key id (8), nonce (12), ciphertext, tag (16). */
const version = 1
const keyIdLength = 8
const nonceLength = 12
const tagLength = 16
const headLength = 1 + keyIdLength + nonceLength

/** An AES-256 key and the id by which sealed values name it. */
export interface Key {
  /** 16 hexadecimal digits, from the key's hash. */
  readonly id: string
  readonly bytes: Uint8Array
}

export interface Sealed {
  readonly value: Uint8Array
  readonly keyId: string
}

export function toKey(bytes: Uint8Array): Key {
  const hash = createHash("sha256").update("berth key id\0").update(bytes).digest("hex")
  return { id: hash.slice(0, 2 * keyIdLength), bytes }
}

export function createKey(): Key {
  return toKey(randomBytes(32))
}

/**
 * Encrypts a text (AES-256-GCM, random nonce). `place` is bound to it: moved to another place it no longer opens.
 */
export function seal(key: Key, place: string, text: string): Sealed {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(place))
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
  const head = Buffer.concat([Buffer.of(version), Buffer.from(key.id, "hex"), nonce])
  return { value: new Uint8Array(Buffer.concat([head, data, cipher.getAuthTag()])), keyId: key.id }
}

/** @throws BerthError `internal` when the key is unknown, or the value is damaged or belongs to another place. */
export function unseal(keys: readonly Key[], place: string, value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const keyId = bytes.toString("hex", 1, 1 + keyIdLength)
  const key = keys.find((known) => known.id === keyId)
  if (bytes.length < headLength + tagLength || bytes[0] !== version || key === undefined) {
    throw new BerthError("internal", `What is stored for ${place} can't be decrypted: its key (${keyId}) is not here.`)
  }
  const decipher = createDecipheriv("aes-256-gcm", key.bytes, bytes.subarray(1 + keyIdLength, headLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(-tagLength))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(headLength, -tagLength)), decipher.final()]).toString("utf8")
  } catch (error) {
    throw new BerthError("internal", `What is stored for ${place} is damaged, or was moved there by hand.`, {
      cause: error,
    })
  }
}
