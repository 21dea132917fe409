/** What a Job may not say about its pod's number, tries and time. */
import { found, jobOf, podOf } from './job-parts.ts';
import { type Mutation, ofJob } from './mutation.ts';

/** The table. */
export const JOB_MUTATIONS: readonly Mutation[] = [
  ...ofJob('name begins with gb-', {
    'another name': (job) => {
      found(job.metadata, 'metadata').name = 'mine';
      for (const { name, projected } of podOf(job).volumes ?? []) {
        const token = projected?.sources?.[0]?.serviceAccountToken;
        if (token) token.audience = `${name.replace('token', 'glovebox')}.mine`;
      }
    },
  }),
  ...ofJob('carries the labels', {
    'a missing label': (job) => {
      jobOf(job).template.metadata = { labels: { 'app.kubernetes.io/name': 'glovebox' } };
    },
  }),
  ...ofJob('has one pod', {
    'two pods at once': (job) => {
      jobOf(job).parallelism = 2;
    },
    'two pods one after another': (job) => {
      jobOf(job).completions = 2;
    },
    'indexed pods': (job) => {
      jobOf(job).completionMode = 'Indexed';
    },
  }),
  ...ofJob('is tried once', {
    'a second try': (job) => {
      jobOf(job).backoffLimit = 1;
    },
    'failures that are not counted': (job) => {
      const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }];
      jobOf(job).podFailurePolicy = { rules };
    },
  }),
  ...ofJob('ends by itself', {
    'no deadline of the Job': (job) => {
      delete jobOf(job).activeDeadlineSeconds;
    },
    'a Job that ends before its pod': (job) => {
      jobOf(job).activeDeadlineSeconds = 10;
    },
    'a year': (job) => {
      jobOf(job).activeDeadlineSeconds = 31_536_000;
    },
  }),
  ...ofJob('kept for a day', {
    'a Job that stays for ever': (job) => {
      delete jobOf(job).ttlSecondsAfterFinished;
    },
  }),
  ...ofJob('run by the Job controller', {
    'another controller': (job) => {
      jobOf(job).managedBy = 'example.com/mine';
    },
  }),
];
