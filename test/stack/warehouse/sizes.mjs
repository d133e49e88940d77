// Default sizes of the tables whose size can be chosen, in one place. They keep `make demo` well under
// two minutes on a machine with two cores; the tests and `make demo ROWS=...` ask for more.

export const DEFAULT_REVIEW_ROWS = 20_000;
export const DEFAULT_FLIGHT_ROWS = 20_000;

// What the sources hold at most. Reviews are generated, so only flights have a limit.
export const MAX_FLIGHT_ROWS = 200_000;
