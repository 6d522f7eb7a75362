/** What a form's own fields refuse before anything is sent, in our words instead of the browser's. */
export interface Checked {
  name: string;
  type: string;
  value: string;
  validity: Pick<ValidityState, 'valueMissing' | 'typeMismatch' | 'tooShort'>;
}

export type Refusal = 'form.required' | 'form.choose' | 'form.email' | 'form.short';

export function refusalOf(field: Checked): Refusal | null {
  const { validity } = field;
  if (validity.valueMissing) return field.type === 'radio' ? 'form.choose' : 'form.required';
  if (validity.typeMismatch) return 'form.email';
  return validity.tooShort ? 'form.short' : null;
}

/** The refusals of all fields that have a name, by that name. */
export function refusals(fields: Iterable<Checked>): Record<string, Refusal> {
  const found: Record<string, Refusal> = {};
  for (const field of fields) {
    const refusal = field.name ? refusalOf(field) : null;
    if (refusal) found[field.name] = refusal;
  }
  return found;
}
