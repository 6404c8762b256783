/** Of this server; the same as in every package of the project. */
export const version = "0.1.0"
