using System.Text;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Postgres.Rows;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.Functions.Tests.Postgres;

/// <summary>Reads keyed queries like clients that are cut off, or pause, after every row.</summary>
internal sealed class KeyedReading(string connectionString) : IAsyncDisposable
{
    // Two connections, of which one is kept for health. So a stream that gets the other one proves that the stream
    // before has released it.
    private readonly PostgresDatabase _database = new(
        ConfiguredConnection.Create(connectionString + ";Maximum Pool Size=2"), new PostgresOptions(),
        TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>Reads from a token to the end; gives each row, and the token after it.</summary>
    public async Task<(string Row, string Token)[]> FromAsync(
        string sql, string key, string? token = null, TimeSpan? timeout = null)
    {
        await using var source = Open(sql, key, token, timeout);
        var read = new List<(string, string)>();
        while (await source.WaitToReadAsync().AsTask().Within())
        {
            while (source.TryRead())
                read.Add((Written.By(source.WriteRecord), Encoding.ASCII.GetString(source.Checkpoint)));
        }

        return [.. read];
    }

    /// <summary>Reads one stream to its end, with a pause after each row, in which it gives its cursor back.</summary>
    public async Task<string[]> PausingAsync(string sql, string key)
    {
        await using var source = Open(sql, key, token: null);
        var rows = new List<string>();
        while (await source.WaitToReadAsync().AsTask().Within())
        {
            Assert.True(source.TryRead());
            rows.Add(Written.By(source.WriteRecord));

            var reader = new TaskCompletionSource();
            var waiting = source.WaitForReaderAsync(reader.Task);
            (await _database.Slots.EnterAsync(isNewcomer: true, isAnonymous: false, default).Within()).Dispose();
            reader.SetResult();
            await waiting.Within();
        }

        return [.. rows];
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private CursorSource Open(string sql, string key, string? token, TimeSpan? timeout = null)
    {
        var columns = key.Split(", ").Select(column => column.Split(' '))
            .Select(parts => new KeyColumn(parts[0], parts[^1] == "desc")).ToArray();
        var tokens = new ResumeTokens(new byte[32], "keyed", file: "", key);
        KeysetPosition? after = null;
        if (token is not null)
            Assert.Equal(ResumeTokenState.Valid, tokens.Read(token, columns.Length, out after));
        var run = new QueryRun(new(sql) { Key = columns, Timeout = timeout }) { Tokens = tokens, After = after };
        return new CursorSource(_database, run, RecordEncoding.Json, TimeProvider.System, CancellationToken.None);
    }
}
