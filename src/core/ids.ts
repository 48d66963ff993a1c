/** Ids of instances, cameras, detectors and commands. */
export const ID_PATTERN = /^[a-z0-9-]{1,64}$/;
