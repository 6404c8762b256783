import { inputToWire, type Profile, type ProfileMode, type RequirementsInput } from "@berth/spec"
import type { CallOptions } from "./call-options.ts"
import type { Context } from "./context.ts"
import { inTypescriptCase } from "./issue-paths.ts"

/** A profile to be written. */
export interface ProfileDefinition {
  /** DNS label: lower-case letters, digits, `-`; at most 63. */
  readonly name: string
  /** For people. */
  readonly description?: string
  readonly requirements: RequirementsInput
  /** What wins, per field. Default `override`: the profile. */
  readonly modes?: Readonly<Partial<Record<keyof RequirementsInput, ProfileMode>>>
}

/** The administrator's named requirements. Writing needs the role `admin`. */
export interface Profiles {
  /** @throws BerthError `not_found`. */
  get(name: string, options?: CallOptions): Promise<Profile>
  /** All of them, by name. */
  list(options?: CallOptions): AsyncIterable<Profile>
  /** Creates or replaces a profile. @throws BerthError `forbidden` without the role. */
  set(definition: ProfileDefinition, options?: CallOptions): Promise<Profile>
  /** @throws BerthError `forbidden` without the role. */
  delete(name: string, options?: CallOptions): Promise<void>
}

/** The profiles of a server. */
export function toProfiles({ transport }: Context): Profiles {
  return {
    get: (name, options = {}) => transport.call("readProfile", { params: { name }, ...options }),
    async *list(options = {}) {
      yield* await transport.call("listProfiles", { params: {}, ...options })
    },
    set: ({ name, description, requirements, modes }, options = {}) =>
      inTypescriptCase(() =>
        transport.call("writeProfile", {
          params: { name },
          body: {
            name,
            ...(description !== undefined && { description }),
            requirements: inputToWire(requirements),
            ...(modes !== undefined && { modes: toWireModes(modes) }),
          },
          ...options,
        }),
      ),
    delete: async (name, options = {}) => await transport.call("deleteProfile", { params: { name }, ...options }),
  }
}

/** Modes are told per wire field: `nodeSelector` is `node_selector` there. */
function toWireModes(modes: NonNullable<ProfileDefinition["modes"]>): Record<string, ProfileMode> {
  return Object.fromEntries(
    Object.entries(modes).map(([field, mode]) => [field.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), mode]),
  )
}
