/**
 * Makes a page's `draw`. Elements tell of a value that is set for them while it is drawn: what comes of that is drawn
 * afterwards, and not in the midst of it.
 */
export function drawing(drawOnce: () => void): () => void {
  let isDrawing = false;
  let isDue = false;
  return () => {
    isDue = true;
    if (isDrawing) return;
    isDrawing = true;
    try {
      while (isDue) {
        isDue = false;
        drawOnce();
      }
    } finally {
      isDrawing = false;
    }
  };
}
