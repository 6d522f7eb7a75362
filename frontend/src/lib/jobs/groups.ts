/** Rows of a job that belong together, such as those that failed. */
export interface Group {
  name: string;
  label: string;
  count: number;
  /** As the API has it, such as `outcome=failed`. */
  filter: string;
}
