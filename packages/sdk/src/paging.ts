import type { ListQuery, Page } from "@berth/spec"

/** Which part of a list is asked for. */
export type PageQuery = Pick<ListQuery, "page" | "size">

/**
 * The items of a paged list, one page at a time and only when asked for. An item that moves from one page to the next
 * while the list is read (because others are created meanwhile) comes once.
 */
export async function* listPages<Item extends { readonly id: string }>(
  read: (query: Required<PageQuery>) => Promise<Page<Item>>,
  size = 100,
): AsyncGenerator<Item, void, undefined> {
  const seen = new Set<string>()
  for (let number = 0; ; number += 1) {
    const page = await read({ page: number, size })
    for (const item of page.content) {
      if (seen.has(item.id)) continue
      seen.add(item.id)
      yield item
    }
    if (page.last || page.content.length === 0) return
  }
}
