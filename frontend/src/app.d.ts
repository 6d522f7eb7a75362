declare global {
  namespace App {
    interface Error {
      message: string;
      code?: string;
    }
    interface PageState {
      panel?: 'keys' | 'filters';
    }
  }
}

export {};
