/**
 * Loaded before every test file: property tests try the same cases in each run, so that one fails by a
 * change and not by chance. `ORION_SEED` names other cases; a failure prints its own seed.
 */
import fc from "fast-check";
import { variable } from "./parts.ts";

const FIRST_SEED = 20_261;

fc.configureGlobal({ seed: Number(variable("ORION_SEED") ?? FIRST_SEED) });
