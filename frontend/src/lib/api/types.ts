/** The nouns of the API by their short names, so that one file knows how the schema calls them. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Me = Schemas['MeShape'];
export type MeChange = Schemas['PatchedMeFormRequest'];
export type Profile = Schemas['ProfileShape'];
export type Device = Schemas['SessionShape'];
export type ApiKey = Schemas['KeyShape'];
export type SecondFactor = Schemas['SecondFactorShape'];
export type Enrolment = Schemas['EnrolmentShape'];
export type Rating = Schemas['RatingEnum'];
export type Report = Schemas['ReportShape'];
export type Reason = Schemas['ReasonEnum'];
export type SubjectType = Schemas['SubjectTypeEnum'];
export type Warning = Schemas['WarningShape'];
export type Cover = Schemas['CoverShape'];
export type TitleRow = Schemas['TitleRowShape'];
export type Title = Schemas['TitleShape'];
export type Trailer = Schemas['TrailerShape'];
export type Screenshot = Schemas['ScreenshotShape'];
export type Credit = Schemas['CreditShape'];
export type NewTitle = Schemas['NewTitleShape'];
export type SeriesDetail = Schemas['SeriesShape'];
export type Term = Schemas['NamesShape'];
export type ChapterRow = Schemas['ChapterRowShape'];
export type LatestRow = Schemas['LatestChapterShape'];
export type Chapter = Schemas['ChapterShape'];
export type Page = Schemas['PageShape'];
export type Progress = Schemas['ProgressShape'];
export type ProgressRow = Schemas['ProgressRowFormRequest'];
export type ProgressAnswer = Schemas['ProgressAnswerShape'];
export type Reading = Schemas['ReadingShape'];
export type Upload = Schemas['UploadRowShape'];
export type Quota = Schemas['QuotaShape'];
export type Site = Schemas['Site'];
export type ModerationSummary = Schemas['WaitingShape'];
export type LibraryItem = Schemas['ItemShape'];
export type LibraryChange = Schemas['ChangeShape'];
export type LibrarySettings = Schemas['SettingsShape'];
export type LibrarySummary = Schemas['SummaryShape'];
export type ScoreFormat = Schemas['ScoreFormatEnum'];
export type LibraryList = Schemas['LibraryListShape'];
export type ListWithTitles = Schemas['LibraryListWithTitles'];
export type LibraryTag = Schemas['CountedTagShape'];
export type Job = Schemas['JobShape'];
export type JobWithCodes = Schemas['JobWithCodesShape'];
export type JobItem = Schemas['KeptJobItemShape'];
export type AniListStatus = Required<Schemas['AniListStatusShape']>;
export type AniListSettings = Required<Schemas['PatchedAniListSettingsRequest']>;
export type AniListConflict = Schemas['ConflictShape'];
export type AniListWaiting = Schemas['AniListWaitingShape'];
export type Marks = Schemas['MarksShape'];
export type FoundTitle = Schemas['ResultShape'];
export type FoundTitles = Schemas['ResultsShape'];
export type Source = Schemas['SourceShape'];
export type SourceHour = Schemas['SourceHour'];
export type SourceStatus = Schemas['SourceStatusShape'];
export type SourceChapter = Schemas['SourceChapterShape'];
export type Follow = Schemas['FollowShape'];
export type FollowForm = Schemas['FollowFormRequest'];
export type Refreshed = Schemas['RefreshShape'];
export type ReadingDirection = TitleRow['reading_direction'];

/** One page of any list. */
export interface Batch<Row> {
  results: Row[];
  next: string | null;
  count?: number;
}
