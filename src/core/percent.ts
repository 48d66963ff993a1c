/** Percent-decodes a text, or returns it unchanged when it is not valid percent-encoding. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A lone % stands for itself: the text was never encoded.
    if (error instanceof URIError) return text;
    throw error;
  }
}
