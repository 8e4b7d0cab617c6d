using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary><c>npx chunkstream-client types</c>: a frontend that no longer fits the queries does not compile.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class TypesTests(RealPostgres postgres)
{
    private const string Frontend =
        """
        import { stream } from 'chunkstream-client';
        import type { ParametersOf, Queries, RowOf } from './api.js';

        const path: Queries['late-flights']['path'] = 'public/queries/late-flights';
        const given: ParametersOf<'late-flights'> = { min_delay: 15, moods: ['fine'] };
        for await (const row of stream<RowOf<'late-flights'>>(`https://example.org/api/${path}`)) {
          const at: string = row.departed_at;
          const mood: 'fine' | 'bad' | null = row.mood;
          console.log(row.id.toFixed(), row.delay?.toFixed(), row.tags?.[0]?.length, at, mood, given);
          // @ts-expect-error: it may be null
          row.delay.toFixed();
          // @ts-expect-error: there is no such column
          row.arrived_at;
        }
        // @ts-expect-error: 'min_delay' is missing
        const missing: ParametersOf<'late-flights'> = {};
        console.log(missing);
        """;

    [Fact]
    public async Task A_frontend_compiles_until_a_column_is_renamed()
    {
        await postgres.ExecuteAsync(
            "drop table if exists typed_departures; drop type if exists typed_mood; "
            + "create type typed_mood as enum ('fine', 'bad'); "
            + "create table typed_departures (id int primary key, departed_at timestamptz not null, delay int, "
            + "mood typed_mood, tags text[])");
        using var files = new QueryFiles().With(
            "late-flights",
            "-- summary: Late */ flights\n-- access: anonymous\n-- key: id\n-- param: min_delay int\n"
            + "-- param: moods typed_mood[] = null\n"
            + "select * from typed_departures where delay >= @min_delay and mood = any(@moods)");
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, functionKey: "a key", settings: [files.Setting]);
        using var folder = await TypeScript.FolderAsync();
        folder.Write("frontend.mts", Frontend);

        await WriteTypesAsync();
        Assert.Equal("", await TypeScript.MistakesAsync(folder, "frontend.mts"));

        await postgres.ExecuteAsync("alter table typed_departures rename column departed_at to left_at");
        await WriteTypesAsync();
        Assert.Contains(
            "Property 'departed_at' does not exist", await TypeScript.MistakesAsync(folder, "frontend.mts"),
            StringComparison.Ordinal);

        // A failure says why, and leaves the file that is there.
        var before = File.ReadAllText(Path.Combine(folder.Path, "api.d.ts"));
        await using var refused = Start("--key", "another key");
        var (exitCode, _, errors) = await refused.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("openapi.json answered 401", errors, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Path.Combine(folder.Path, "api.d.ts")));

        await using var exact = Start("--key", "a key", "--numbers", "inexact");
        Assert.Equal(2, (await exact.EndAsync()).ExitCode);

        RunningProgram Start(params string[] options) => RunningProgram.Start(
            "node",
            [
                Path.Combine("node_modules", "chunkstream-client", "bin", "chunkstream-client.js"), "types",
                $"{api.Origin}/api", "--output", "api.d.ts", .. options,
            ],
            folder.Path);

        async Task WriteTypesAsync()
        {
            await using var command = Start("--key", "a key");
            var (code, text, problem) = await command.EndAsync();
            Assert.True(code == 0, text + problem);
        }
    }
}
