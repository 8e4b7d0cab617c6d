using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// HEAD asks the database whether the parameters are valid. This check ends for the same reasons as a stream.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class HeadCheckTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Path = "/api/queries/asked?name=x";

    // Reading a value of this type takes a minute.
    public Task InitializeAsync() => postgres.ExecuteAsync(
        "create schema asked; create function asked.wait() returns boolean "
        + "language sql as 'select pg_sleep(60) is not null'; "
        + "create domain asked.slow as text check (value is null or asked.wait())");

    public Task DisposeAsync() => postgres.ExecuteAsync("drop schema asked cascade");

    [Fact]
    public async Task It_lasts_no_longer_than_a_stream_may()
    {
        await using var api = await ServingAsync(("ChunkStream:Streaming:MaxDurationSeconds", "0.5"));

        using var response = await api.HeadAsync(Path);

        Assert.Equal(504, (int)response.StatusCode);
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Level >= LogLevel.Error);

        // The database has stopped the check, too.
        await postgres.AssertNothingRunsAsync();
    }

    private Task<LocalApi> ServingAsync(params (string Key, string Value)[] settings)
        => LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles().With("asked", "-- param: name asked.slow = null\nselect @name as name"), settings);
}
