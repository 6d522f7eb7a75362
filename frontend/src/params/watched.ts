import { kindOfSection } from '$lib/titles/kinds';
import type { ParamMatcher } from '@sveltejs/kit';

export const match: ParamMatcher = (param) => kindOfSection(param) !== undefined;
