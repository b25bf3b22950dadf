// What a program does with the client that openapi-ts generated: `node walk.js URL`.

import { client } from './generated/client.gen';
import {
  deleteDocument,
  getDocument,
  getJob,
  giveFeedback,
  query,
  search,
  uploadDocuments,
} from './generated/sdk.gen';

async function walk(): Promise<void> {
  client.setConfig({ baseUrl: process.argv[2] });

  const manual = '# Warranty\n\nThe warranty of every pump lasts for twenty four months from delivery.';
  const question = 'How long does the warranty of a pump last?';

  const uploaded = await uploadDocuments({
    body: {
      file: [new File([manual], 'manual.md', { type: 'text/markdown' })],
      source: ['typescript/manual.md'],
      metadata: '{"year": 2024}',
    },
    throwOnError: true,
  });
  const { job_id, document_id } = uploaded.data.jobs[0];

  const until = Date.now() + 60_000;
  let state: string = 'queued';
  while (state !== 'done' && state !== 'failed') {
    if (Date.now() > until) throw new Error(state);
    await new Promise((again) => setTimeout(again, 50));
    state = (await getJob({ path: { job_id }, throwOnError: true })).data.state;
  }

  const answer = (await query({ body: { query: question }, throwOnError: true })).data;
  const filters = { metadata: { year: 2024 } };
  const found = (await search({ body: { query: question, filters }, throwOnError: true })).data;
  const feedback = await giveFeedback({ body: { query_id: answer.id, rating: 'up' }, throwOnError: true });
  const deleted = await deleteDocument({ path: { document_id }, throwOnError: true });
  const gone = await getDocument({ path: { document_id } });

  console.log(
    JSON.stringify({
      job: state,
      status: answer.status,
      quote: answer.citations[0].quote,
      found: found.hits[0].source,
      feedback: Boolean(feedback.data.feedback_id),
      deleted: deleted.data.document_id === document_id,
      then: gone.error && 'code' in gone.error ? gone.error.code : undefined,
    }),
  );
}

void walk();
