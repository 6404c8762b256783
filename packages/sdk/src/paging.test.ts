import type { Page } from "@berth/spec"
import { expect, test } from "vitest"
import { listPages } from "./paging.ts"

interface Item {
  readonly id: string
}

function toPage(items: readonly Item[], { page, size }: { page: number; size: number }): Page<Item> {
  const content = items.slice(page * size, (page + 1) * size)
  const totalPages = Math.ceil(items.length / size)
  return {
    content,
    totalElements: items.length,
    totalPages,
    number: page,
    size,
    numberOfElements: content.length,
    first: page === 0,
    last: page >= totalPages - 1,
    empty: content.length === 0,
  }
}

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ id: String(index) }))

test.each([0, 1, 9, 10, 11, 35])("%i items, ten a page, each once and in order", async (count) => {
  const read = listPages(async (query) => toPage(items(count), query), 10)
  expect((await Array.fromAsync(read)).map(({ id }) => id)).toEqual(items(count).map(({ id }) => id))
})

test("a page is read only when its first item is asked for", async () => {
  const asked: number[] = []
  const read = listPages(async (query) => {
    asked.push(query.page)
    return toPage(items(30), query)
  }, 10)
  for (let index = 0; index < 10; index += 1) await read.next()
  expect(asked).toEqual([0])
  await read.next()
  expect(asked).toEqual([0, 1])
  await read.return()
  expect((await read.next()).done).toBe(true)
  expect(asked).toEqual([0, 1])
})

test("an item that moves to the next page while the list is read comes once", async () => {
  const list = items(20)
  const read = listPages(async (query) => {
    const page = toPage(list, query)
    if (query.page === 0) list.unshift({ id: "new" })
    return page
  }, 10)
  const ids = (await Array.fromAsync(read)).map(({ id }) => id)
  expect(ids).toEqual(items(20).map(({ id }) => id))
})
