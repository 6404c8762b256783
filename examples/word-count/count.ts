import { createHmac } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

interface Count {
  files: number
  words: number
  /** The most frequent words that are no stop words, as [word, count]. */
  top: [string, number][]
  /** Same words and same salt, same fingerprint. */
  fingerprint: string
}

/** Counts the words of every Markdown document below /data. */
export async function count(): Promise<Count> {
  const stopWords = new Set((await readFile("/etc/words/stop-words.txt", "utf8")).split(/\s+/))
  const counts = new Map<string, number>()
  const files = (await readdir("/data", { recursive: true })).filter((name) => name.endsWith(".md")).sort()
  for (const name of files) {
    const words = (await readFile(join("/data", name), "utf8")).toLowerCase().match(/[a-z]+(?:'[a-z]+)*/g) ?? []
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
    console.log(`${name}: ${words.length} words`)
  }
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return {
    files: files.length,
    words: ranked.reduce((sum, [, n]) => sum + n, 0),
    top: ranked.filter(([word]) => !stopWords.has(word)).slice(0, Number(process.env.TOP ?? "10")),
    fingerprint: createHmac("sha256", process.env.SALT ?? "")
      .update(JSON.stringify(ranked))
      .digest("hex")
      .slice(0, 12),
  }
}
