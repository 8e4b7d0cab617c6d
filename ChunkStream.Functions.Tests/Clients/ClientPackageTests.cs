using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>The npm package <c>chunkstream-client</c> by itself.</summary>
public sealed class ClientPackageTests
{
    [Fact]
    public async Task Its_own_tests_pass()
    {
        // They mostly wait.
        await using var tests = RunningProgram.Start(
            "node",
            ["--test", "--test-concurrency=3", "--test-timeout=180000"],
            Path.Combine(Repository.Root, "client"));
        var (exitCode, output, errors) = await tests.EndAsync();

        Assert.True(exitCode == 0, output + errors);
        Assert.DoesNotContain("# pass 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_types_say_what_can_be_written_and_what_can_not()
    {
        using var folder = await TypeScript.FolderAsync();
        const string Exact =
            "{ numbers: 'exact', signal: AbortSignal.timeout(1), onProgress: (p: Progress) => p.estimatedRows }";
        const string Ndjson = "{ format: 'ndjson', idleTimeoutMs: Infinity }";
        const string OwnToken =
            "{ getToken: async ({ refresh, signal }) => (signal.aborted || refresh ? 'new' : 'old') }";
        const string OwnFetch = "{ headers: { a: 'b' }, fetch: async (url: unknown) => ({ url }) }";
        folder.Write("usage.mts",
            $$"""
            import { stream, StreamError, type Progress, type Problem } from 'chunkstream-client';

            interface Flight { id: number; delay: number | null }
            const rows = stream<Flight>('http://localhost/', {{Exact}});
            for await (const flight of rows) flight.delay?.toFixed();
            for await (const batch of rows.batches()) batch[0]!.id.toFixed();
            const name: string = (await rows.schema).columns[0]!.name;
            const state: 'connecting' | 'streaming' | 'waiting' | 'ended' | 'failed' = rows.progress.state;
            for await (const row of stream(new URL('http://localhost/'), {{Ndjson}})) row['anything'] as unknown;
            stream('http://localhost/', {{OwnToken}});
            stream('http://localhost/', { getToken: () => 'token' });
            const problem: Problem | null = new StreamError(name + state, { checkpoint: null }).problem;

            // @ts-expect-error: no such format
            stream('', { format: 'csv' });
            // @ts-expect-error: a function gives the token
            stream('', { getToken: 'token' });
            // @ts-expect-error: a token is a text
            stream('', { getToken: async () => null });
            // @ts-expect-error: a row has its type
            for await (const flight of rows) flight.dealy;
            // @ts-expect-error: may be null
            problem.detail;
            // @ts-expect-error: is made by stream() alone
            new (rows.constructor as typeof import('chunkstream-client').RowStream)();
            """);

        folder.Write("page.mts",
            """
            import { stream } from 'chunkstream-client';

            stream(new URL('http://localhost/'), { headers: new Headers(), signal: AbortSignal.timeout(1), fetch });
            stream('http://localhost/', { headers: [['a', 'b']], fetch: (input, init) => fetch(input, init) });
            // @ts-expect-error: a header is a text
            stream('http://localhost/', { headers: { a: 1 } });
            // @ts-expect-error: no signal
            stream('http://localhost/', { signal: {} });
            // @ts-expect-error: no fetch
            stream('http://localhost/', { fetch: async () => 1 });
            """);
        folder.Write("no-page.mts",
            $$"""
            import { stream, StreamError } from 'chunkstream-client';

            const rows = stream<{ id: number }>('http://localhost/', {{OwnFetch}});
            for await (const row of rows) row.id.toFixed();
            stream('http://localhost/', { headers: [['a', 'b']] });
            stream('http://localhost/', {{OwnToken}});
            const checkpoint: string | null = new StreamError('').checkpoint;
            // @ts-expect-error: a header is a text
            stream('http://localhost/', { headers: { a: 1 } });
            // @ts-expect-error: no signal
            stream('http://localhost/', { signal: {} });
            // @ts-expect-error: no address
            stream(7);
            """);

        folder.Write("live.mts",
            """
            import { collection, live, type Change, type Collection } from 'chunkstream-client';

            interface Issue { id: number; title: string }
            for await (const change of live<Issue>('http://localhost/', { numbers: 'exact', resume: 'p' })) {
              if (change.type === 'upsert') change.row.title.trim();
              else if (change.type === 'delete') change.row.title?.trim();
              else if (change.type === 'up-to-date') change.position.trim();
              else change.reason.trim();
            }
            const issues: Collection<Issue> = collection<Issue>('http://localhost/', { maxRejoins: 3 });
            const leave: () => void = issues.subscribe((changes: readonly Change<Issue>[]) => changes.length);
            const title: string | undefined = (issues.get(7) ?? issues.get(7n) ?? issues.get({ id: 7 }))?.title;
            for (const row of issues) row.id.toFixed();
            (await issues.ready).rows[0]?.title.trim();
            // @ts-expect-error: a live query is read as frames
            live('', { format: 'ndjson' });
            // @ts-expect-error: it keeps all rows, so it begins with them
            collection('', { resume: 'p' });
            // @ts-expect-error: the rows are the collection's
            issues.rows.push({ id: 1, title });
            // @ts-expect-error: only an upsert has a whole row
            issues.subscribe(([change]) => change!.row.title.trim());
            leave();
            """);

        await CompileAsync(folder, "es2023,dom,dom.iterable", "usage.mts", "page.mts", "live.mts");
        await CompileAsync(folder, "es2023", "no-page.mts", "live.mts");
    }

    private static async Task CompileAsync(NodeFolder folder, string libraries, params string[] files)
    {
        var mistakes = await TypeScript.MistakesAsync(
            folder, ["--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--lib", libraries, .. files]);
        Assert.Equal("", mistakes);
    }
}
