/** Where the API has jobs, and what is asked of their rows. */
export function jobAddress(id: number): string {
  return `/api/jobs/${id}`;
}

/** `filter` as the API has it, such as `outcome=failed`. */
export function jobItemsAddress(id: number, filter = ''): string {
  return `${jobAddress(id)}/items${filter && `?${filter}`}`;
}
