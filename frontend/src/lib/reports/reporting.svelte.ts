/** The one report dialog of the app: what it is about, or closed. */
import type { Subject } from './reasons';

class Reporting {
  /** More than one where the person says which they mean: this page, or its chapter. */
  subjects = $state.raw<readonly Subject[]>([]);

  get isOpen(): boolean {
    return this.subjects.length > 0;
  }

  ask(...subjects: [Subject, ...Subject[]]): void {
    this.subjects = subjects;
  }

  close(): void {
    this.subjects = [];
  }
}

export const reporting = new Reporting();
