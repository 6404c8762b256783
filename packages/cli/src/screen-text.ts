const esc = "\u001b"
/** A colour or another look of the letters. */
const colour = String.raw`${esc}\[[\d;:]*m`
/** Strings to the terminal: its title, a link, the clipboard. */
const stringToTerminal = String.raw`(?:${esc}[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f\n]*(?:\x07|${esc}\\|\x9c)`
/** Moves the cursor, clears, changes how the terminal works. */
const controlSequence = String.raw`(?:${esc}\[|\x9b)[0-?]*[ -/]*[@-~]`
const shortSequence = `${esc}[ -/]*[0-~]`
const control = String.raw`(?![\t\n])\p{Cc}`

const sequences = new RegExp(`(${colour})|${stringToTerminal}|${controlSequence}|${shortSequence}|${control}`, "gu")

/** Text of a program or a server as it may go to a terminal: with its colours, without any other control of it. */
export function toScreenText(text: string): string {
  return text.replace(sequences, (_sequence, kept?: string) => kept ?? "")
}
