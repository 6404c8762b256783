/** A program of the harness: what it is, and what it must have done whatever happens to the server meanwhile. */
export interface KillProgram {
  readonly script: string
  /** Of its own accord. */
  readonly exitCode: number
  /** Everything that one attempt writes. */
  output(run: string, attempt: number): string
  readonly userRetries: number
  /** Runs until it is stopped. */
  readonly isEndless: boolean
}

/** Where a program marks that it was started: a volume, so that the marks stay. */
const mark = `echo "$BERTH_ATTEMPT" >>"\${BERTH_VOLUME_STARTS:-/starts}/$BERTH_RUN_ID"`

const endless = { exitCode: 0, userRetries: 0, isEndless: true } as const

type Random = () => number

function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1))
}

/** Lines with pauses: killed servers find it in every phase. */
function slow(random: Random): KillProgram {
  const lines = between(random, 0, 40)
  const pause = between(random, 1, 12) / 100
  const exitCode = random() < 0.5 ? 0 : between(random, 1, 120)
  return {
    script: `${mark}; n=0; while [ $n -lt ${lines} ]; do echo "$BERTH_RUN_ID/$BERTH_ATTEMPT line $n"; n=$((n + 1)); sleep ${pause}; done; exit ${exitCode}`,
    exitCode,
    output: (run, attempt) => Array.from({ length: lines }, (_, line) => `${run}/${attempt} line ${line}\n`).join(""),
    userRetries: random() < 0.3 ? between(random, 1, 2) : 0,
    isEndless: false,
  }
}

/** Much at once, without a line end at the end. */
function burst(random: Random): KillProgram {
  const last = between(random, 1, 150_000)
  const exitCode = between(random, 0, 1) * 7
  return {
    script: `${mark}; seq 1 ${last}; printf 'no line end'; exit ${exitCode}`,
    exitCode,
    output: () => `${Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("")}no line end`,
    userRetries: 0,
    isEndless: false,
  }
}

/** A signal of its own making (`$$$$` is a shell's `$$`, as in Kubernetes). */
function crash(): KillProgram {
  return {
    script: `${mark}; echo dying; kill -SEGV $$$$; sleep 5`,
    exitCode: 139,
    output: () => "dying\n",
    userRetries: 0,
    isEndless: false,
  }
}

/** Has children in sessions of their own, and ends by a stop only. */
function family(): KillProgram {
  return {
    script: `${mark}; echo up; (setsid sleep 3000 >/dev/null 2>&1 &); (sleep 3000 &); sleep 3000`,
    output: () => "up\n",
    ...endless,
  }
}

export function chooseProgram(random: Random): KillProgram {
  const dice = random()
  if (dice < 0.6) return slow(random)
  if (dice < 0.78) return burst(random)
  if (dice < 0.9) return crash()
  return family()
}
