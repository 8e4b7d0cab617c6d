import { runConformanceTests } from '@durable-streams/server-conformance-tests';

// All of it; subscriptions are an option of the suite, and off unless asked for.
runConformanceTests({ baseUrl: process.env.CONFORMANCE_TEST_URL });
