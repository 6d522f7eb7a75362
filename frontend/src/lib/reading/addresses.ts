/** What the reader asks the API for. */
export function chapterAddress(id: number): string {
  return `/api/chapters/${id}`;
}
