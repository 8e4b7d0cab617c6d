using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>The npm package <c>chunkstream-client</c> by itself.</summary>
public sealed class ClientPackageTests
{
    [Fact]
    public async Task Its_own_tests_pass()
    {
        await using var tests = RunningProgram.Start("node", ["--test", "--test-timeout=180000"], Path.Combine(Repository.Root, "client"));
        var (exitCode, output, errors) = await tests.EndAsync();

        Assert.True(exitCode == 0, output + errors);
        Assert.DoesNotContain("# pass 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_types_say_what_can_be_written_and_what_can_not()
    {
        using var folder = await NodeFolder.WithAsync("typescript", "5.9.3");
        folder.Write("usage.mts",
            """
            import { stream, StreamError, type Progress, type Problem } from 'chunkstream-client';

            interface Flight { id: number; delay: number | null }
            const rows = stream<Flight>('http://localhost/', { numbers: 'exact', signal: AbortSignal.timeout(1), onProgress: (p: Progress) => p.estimatedRows });
            for await (const flight of rows) flight.delay?.toFixed();
            for await (const batch of rows.batches()) batch[0]!.id.toFixed();
            const name: string = (await rows.schema).columns[0]!.name;
            const state: 'connecting' | 'streaming' | 'rejoining' | 'ended' | 'failed' = rows.progress.state;
            for await (const row of stream(new URL('http://localhost/'), { format: 'ndjson', idleTimeoutMs: Infinity })) row['anything'] as unknown;
            const problem: Problem | null = new StreamError(name + state, { checkpoint: null }).problem;

            // @ts-expect-error: no such format
            stream('', { format: 'csv' });
            // @ts-expect-error: a row has its type
            for await (const flight of rows) flight.dealy;
            // @ts-expect-error: may be null
            problem.detail;
            // @ts-expect-error: is made by stream() alone
            new (rows.constructor as typeof import('chunkstream-client').RowStream)();
            """);

        await using var compiler = RunningProgram.Start(
            "node",
            [Path.Combine("node_modules", "typescript", "bin", "tsc"), "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "usage.mts"],
            folder.Path);
        var (exitCode, output, errors) = await compiler.EndAsync();

        Assert.True(exitCode == 0, output + errors);
    }
}
