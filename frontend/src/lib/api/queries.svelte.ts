/**
 * The data layer: what the API answered, kept by who asks and in which language, and shown again at
 * once. `load` functions prefetch, components observe (`createAnswer`, `createList`). Why TanStack
 * Query: docs/decisions/0012-data-layer.md.
 */
import {
  createInfiniteQuery,
  createQuery,
  QueryClient,
  type InfiniteData
} from '@tanstack/svelte-query';
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { getAddress } from './client';
import { ApiError } from './errors';
import type { Batch } from './types';

const freshMs = 60_000;
const keptMs = 30 * 60_000;
/** How long after a failure for want of a line the same is asked for again, unasked. */
const lineMs = 5000;
/** A list that is longer is shown again as it was: asking for all of its pages anew costs too much. */
const maxRefreshedPages = 3;
const everybody = 'everybody';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A browser that says it is offline may be wrong, and what is kept answers anyway.
      networkMode: 'always',
      retry: false,
      staleTime: freshMs,
      gcTime: keptMs,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false
    }
  }
});

let owner = $state('');
let isMember = $state(false);

/** The session says who asks; `isMember` once the server has said it too. */
export function tellOwner(nextOwner: string, nextIsMember: boolean): void {
  owner = nextOwner;
  isMember = nextIsMember;
}

/** Forgets every answer that was somebody's own. */
export function forgetAnswers(): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== everybody });
}

/** The person's own answers whose addresses begin so are asked for again, where a screen shows them. */
export function refreshOwn(path: string): Promise<void> {
  return queryClient.invalidateQueries({ predicate: ({ queryKey }) => isOwn(queryKey, path) });
}

/** Puts what an act answered into the person's own lists; null takes the row out of them. */
export function replaceRow<Row extends { id: number | string }>(
  path: string,
  id: Row['id'],
  row: Row | null
): void {
  const ofRows = (rows: Row[]) =>
    rows.flatMap((one) => (one.id === id ? (row === null ? [] : [row]) : [one]));
  queryClient.setQueriesData<InfiniteData<Batch<Row>, string>>(
    { predicate: ({ queryKey, state }) => isOwn(queryKey, path) && hasPages(state.data) },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({ ...page, results: ofRows(page.results) }))
      }
  );
}

/** Keeps an answer as if it had just been asked for. */
export function keepAnswer(question: Question, data: unknown): void {
  queryClient.setQueryData(keyOf(question), data);
}

/** What was answered at an address is old, whoever asked: another screen asks for it anew. */
export function forgetAnswer(address: string): void {
  const predicate = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[2] === address;
  queryClient.removeQueries({ predicate, type: 'inactive' });
  void queryClient.invalidateQueries({ predicate });
}

function isOwn(key: readonly unknown[], path: string): boolean {
  return key[0] === owner && String(key[2]).startsWith(path);
}

function hasPages(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'pages' in data;
}

export interface Question {
  /** As the API has it, such as `/api/series?ordering=newest`; null asks for nothing yet. */
  address: string | null;
  /** Answered to members only, and to each their own. */
  isPersonal?: boolean;
}

type Key = readonly [owner: string, language: string, address: string];

function keyOf({ address, isPersonal }: Question): Key {
  return [isPersonal ? owner : everybody, currentLanguage(), address ?? ''];
}

/** Rows of the question before stay until the new answer is there, where only the query changed. */
function isSameList(key: Key, before: Key | undefined): boolean {
  const path = (one: Key) => one[2].split('?')[0];
  return before !== undefined && before[0] === key[0] && path(before) === path(key);
}

function answerOptions<Data>(question: Question) {
  const queryKey = keyOf(question);
  return {
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) => getAddress<Data>(queryKey[2], signal),
    enabled: question.address !== null && (!question.isPersonal || isMember)
  };
}

function listOptions<Row>(question: Question) {
  const queryKey = keyOf(question);
  return {
    queryKey,
    queryFn: ({ pageParam, signal }: { pageParam: string; signal: AbortSignal }) =>
      getAddress<Batch<Row>>(pageParam || queryKey[2], signal),
    initialPageParam: '',
    getNextPageParam: (last: Batch<Row>) => last.next,
    enabled: question.address !== null && (!question.isPersonal || isMember)
  };
}

/** Asks for what a screen will need, while the way there is still being gone. */
export function prefetchAnswer(address: string): void {
  void queryClient.prefetchQuery(answerOptions({ address }));
}

export function prefetchList(address: string): void {
  void queryClient.prefetchInfiniteQuery(listOptions({ address }));
}

export interface Answer<Data> {
  readonly data: Data | undefined;
  readonly isLoading: boolean;
  /** Why there is nothing to show. */
  readonly problem: ApiError | null;
  retry: () => void;
}

/** Observes one answer, from within a component. */
export function createAnswer<Data>(question: () => Question): Answer<Data> {
  const query = createQuery<Data, ApiError, Data, Key>(
    () => answerOptions<Data>(question()),
    () => queryClient
  );
  const retry = () => void query.refetch();
  // What is gone by now is not shown on, as it is where only the line is gone.
  const data = $derived(query.error?.status === 404 ? undefined : query.data);
  // The data is read first, and so always: the query tells nobody of what was never read.
  const problem = $derived(data === undefined ? query.error : null);
  retryWithTheLine(() => problem, retry);
  return {
    get data() {
      return data;
    },
    get isLoading() {
      return query.isPending;
    },
    get problem() {
      return problem;
    },
    retry
  };
}

export interface List<Row> {
  /** Each row once, however the pages shifted while they were asked for. */
  readonly rows: readonly Row[];
  readonly total: number | null;
  /** The first rows, or more of them, are on their way. */
  readonly isLoading: boolean;
  /** Why the first rows, or the next ones, are not there. */
  readonly problem: ApiError | null;
  readonly isEmpty: boolean;
  readonly isEnd: boolean;
  /** Asks for the next rows, where there are some and nothing is under way. */
  more: () => void;
  retry: () => void;
}

/** Observes an endless list, from within a component. */
export function createList<Row extends { id: number | string }>(
  question: () => Question
): List<Row> {
  const query = createInfiniteQuery<
    Batch<Row>,
    ApiError,
    InfiniteData<Batch<Row>, string>,
    Key,
    string
  >(
    () => {
      const options = listOptions<Row>(question());
      return {
        ...options,
        refetchOnMount: (kept) => (kept.state.data?.pages.length ?? 0) <= maxRefreshedPages,
        placeholderData: (rows, before) =>
          isSameList(options.queryKey, before?.queryKey) ? rows : undefined
      };
    },
    () => queryClient
  );
  const pages = $derived(query.data?.pages ?? []);
  const rows = $derived(withoutRepeats(pages.flatMap(({ results }) => results)));
  const isLoading = $derived(
    query.isPending || query.isFetchingNextPage || query.isPlaceholderData
  );
  const problem = $derived(query.error && !query.isFetching ? query.error : null);
  const isEnd = $derived(!isLoading && !problem && !query.hasNextPage);

  function more(): void {
    if (query.hasNextPage && !query.isFetching && !problem) void query.fetchNextPage();
  }

  function retry(): void {
    void (query.isFetchNextPageError ? query.fetchNextPage() : query.refetch());
  }

  retryWithTheLine(() => problem, retry);
  return {
    get rows() {
      return rows;
    },
    get total() {
      return pages.at(-1)?.count ?? null;
    },
    get isLoading() {
      return isLoading;
    },
    get problem() {
      return problem;
    },
    get isEmpty() {
      return isEnd && rows.length === 0;
    },
    get isEnd() {
      return isEnd;
    },
    more,
    retry
  };
}

/** A row that moved to the next page while it was asked for came twice. */
export function withoutRepeats<Row extends { id: number | string }>(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/** Asks again when the browser is online again, and every few seconds since it may not notice. */
function retryWithTheLine(problem: () => ApiError | null, retry: () => void): void {
  $effect(() => {
    if (!problem()?.isOffline) return;
    const timer = setTimeout(retry, lineMs);
    window.addEventListener('online', retry);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('online', retry);
    };
  });
}
