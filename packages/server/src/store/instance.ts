import { randomUUID } from "node:crypto"
import type { Engine } from "./engine.ts"

/** The database's own id, minted when it is first opened, and the number of this opening: the highest owns it. */
export async function readInstance({
  transact,
}: Engine): Promise<{ readonly instance: string; readonly epoch: number }> {
  const minted = randomUUID().replaceAll("-", "")
  return await transact(async (database) => {
    await database
      .insertInto("instance")
      .values({ id: 1, instance: minted, seq: 0, epoch: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return await database
      .updateTable("instance")
      .set((expression) => ({ epoch: expression("epoch", "+", 1) }))
      .returning(["instance", "epoch"])
      .executeTakeFirstOrThrow()
  })
}
