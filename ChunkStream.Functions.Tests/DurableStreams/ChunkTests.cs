using System.Text;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>What is appended together is stored together, and can still be read from any unit to any other.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ChunkTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Theory]
    [InlineData(Plain, "as one")]
    [InlineData(Plain, "as a group")]
    [InlineData(Json, "as one")]
    [InlineData(Json, "as a group")]
    [InlineData(Json, "from SQL")]
    public async Task Every_unit_can_be_the_first_and_the_last_of_a_read(string contentType, string way)
    {
        var path = NewPath();
        var random = new Random(11);
        var messages = Enumerable.Range(0, 1_300)
            .Select(n => $"{n + 1_000}{new string('7', n == 700 ? 70_000 : random.Next(100))}").ToArray();
        var id = (await _host.CreateAsync(path, contentType)).Stream!.Id;

        if (way == "as one")
            await StoreAsync(Append(contentType == Json ? messages : [string.Concat(messages)]));
        else if (way == "as a group")
            await StoreAsync([.. messages.Select(message => Append(message))]);
        else
            await postgres.ExecuteAsync(
                $"select chunkstream.append('{path}', m::json) "
                + $"from unnest(array['{string.Join("', '", messages)}']) m");

        var (separator, units) = contentType == Json
            ? (",", messages)
            : ("", [.. string.Concat(messages).Select(c => c.ToString())]);
        for (var from = 0; from < units.Length; from += contentType == Json ? 1 : 97)
        {
            var to = from + 1 + random.Next(Math.Min(600, units.Length - from));
            var segment = await _host.Store.ReadOnAsync(id, from, to, 1 << 20, default).Within();
            Assert.Equal((from, to), (segment.Start, segment.Next));
            Assert.Equal(string.Join(separator, units[from..to]), Text(segment.Data));
        }

        await AssertChunksAsync(postgres, path, way == "as one" && contentType == Plain ? 1 : 8);

        AppendToStream Append(params string[] texts) => new(path, contentType, Bytes(texts), false, null, null);
    }

    // A read joins chunks of 1,000 bytes into parts of about 128 KiB. The second part begins inside chunk 131 of a
    // stream of bytes, and with chunk 130 of a JSON stream.
    [Theory]
    [InlineData(Plain, 1_000, 0)]
    [InlineData(Plain, 1_000, 130)]
    [InlineData(Plain, 1_000, 131)]
    [InlineData(Plain, 1_000, 132)]
    [InlineData(Plain, 1_000, 297)]
    [InlineData(Json, 1_000, 0)]
    [InlineData(Json, 1_000, 129)]
    [InlineData(Json, 1_000, 130)]
    [InlineData(Json, 1_000, 131)]
    [InlineData(Json, 1_000, 297)]
    [InlineData(Plain, 10_000, 0)]
    [InlineData(Plain, 10_000, 12)]
    [InlineData(Plain, 10_000, 13)]
    [InlineData(Json, 10_000, 0)]
    [InlineData(Json, 10_000, 12)]
    [InlineData(Json, 10_000, 13)]
    public async Task A_chunk_that_vanished_is_missed(string contentType, int chunkBytes, int vanishing)
    {
        const int Chunks = 300;
        var (path, units) = (NewPath(), contentType == Json ? 1 : chunkBytes);
        var id = (await _host.CreateAsync(path, contentType)).Stream!.Id;
        for (var n = 0; n < Chunks; n++)
            await _host.AppendAsync(path, new string('7', chunkBytes), contentType: contentType);
        Assert.Equal(Chunks, (await ReadAsync(0, Chunks)).Next / units);

        await VanishAsync(vanishing);
        await AssertMissedAsync(0, Chunks);
        await AssertMissedAsync(vanishing, Chunks);
        Assert.Equal(Chunks, (await ReadAsync(vanishing + 1, Chunks)).Next / units);

        // If the next chunk is missing too, the read fails or ends before the gap.
        await VanishAsync(vanishing + 1);
        var lost = await Record.ExceptionAsync(
            async () => Assert.InRange((await ReadAsync(0, vanishing + 1)).Next / units, 1, vanishing));
        Assert.True(lost is null or InvalidDataException, lost?.ToString());

        Task<StoredSegment> ReadAsync(int from, int to)
            => _host.Store.ReadOnAsync(id, from * units, to * units, 1 << 22, default).Within();

        Task VanishAsync(int chunk)
            => postgres.ExecuteAsync(
                $"delete from chunkstream.chunks where stream_id = {id} and position = {chunk * units}");

        async Task AssertMissedAsync(int from, int to)
            => Assert.Contains(
                "data are missing",
                (await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(from, to))).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_group_what_is_refused_is_not_stored_and_the_rest_together()
    {
        var path = NewPath();
        await _host.CreateAsync(path, Json);
        var first = new ProducerPosition("p", 0, 0);

        var results = await StoreAsync(
            Of(first, "1", "22"),
            Of(first, "1", "22"),
            Of(null, "333"),
            Of(new ProducerPosition("p", 0, 7), "4444", "5", "6"),
            new AppendToStream(path, Plain, Bytes("x"), false, null, null),
            Of(new ProducerPosition("p", 0, 1), "7", "8"),
            new AppendToStream(path, Json, Bytes("9"), true, null, null), Of(null, "10"));

        Assert.Equal(
            [
                (AppendStatus.Appended, 2L),
                (AppendStatus.Duplicate, 2),
                (AppendStatus.Appended, 3),
                (AppendStatus.SequenceGap, 3),
                (AppendStatus.ContentTypeDiffers, 3),
                (AppendStatus.Appended, 5),
                (AppendStatus.Appended, 6),
                (AppendStatus.Closed, 6),
            ],
            results.Select(result => (result.Status, result.Tail)));
        Assert.Equal("1,22,333,7,8,9", await _host.ReadAllAsync(path));
        await AssertChunksAsync(postgres, path, 1);

        AppendToStream Of(ProducerPosition? producer, params string[] messages)
            => new(path, Json, Bytes(messages), false, null, producer);
    }

    [Fact]
    public async Task A_large_transaction_of_SQL_s_comes_in_order_and_in_few_chunks()
    {
        var path = NewPath();
        await _host.CreateAsync(path, Json);

        await postgres.ExecuteAsync(
            $"select chunkstream.append('{path}', to_jsonb(n || repeat('x', 995))) from generate_series(1, 4000) n");

        Assert.Equal(
            Enumerable.Range(1, 4_000).Select(n => $"\"{n}{new string('x', 995)}\""),
            (await _host.ReadAllAsync(path)).Split(','));
        await AssertChunksAsync(postgres, path, 140);
    }

    /// <summary>
    /// Asserts that a stream's chunks follow one another without a gap, that each one's counts are right, and that
    /// there are at most <paramref name="most"/>.
    /// </summary>
    internal static async Task AssertChunksAsync(RealPostgres postgres, string path, int most)
    {
        Assert.Equal(
            0,
            await postgres.ScalarAsync<long>(
                $"""
                select count(*)
                from (
                    select c.*, s.is_json, octet_length(c.data) as bytes,
                        coalesce(lag(c.position + c.units) over w, s.fork_at) as due_position,
                        coalesce(lag(c.byte_at + octet_length(c.data) + s.is_json::integer) over w, s.fork_bytes)
                """
                + $"""
                 as due_byte
                    from chunkstream.chunks c join chunkstream.streams s on s.id = c.stream_id where s.path = '{path}'
                    window w as (order by c.position)) x
                where position <> due_position or byte_at <> due_byte
                    or case when not is_json then ends is not null or units <> bytes
                        when units = 1 then ends is not null
                        else cardinality(ends) is distinct from units or ends[units] <> bytes + 1
                """
                + " or ends[units - 1] > 32768 end"));
        Assert.InRange(
            await postgres.ScalarAsync<long>(
                "select count(*) from chunkstream.chunks c join chunkstream.streams s on s.id = c.stream_id "
                + $"where s.path = '{path}'"),
            1,
            most);
    }

    private async Task<IReadOnlyList<AppendResult>> StoreAsync(params AppendToStream[] appends)
        => (await _host.Store.AppendAsync(appends, long.MaxValue, default).Within()).Each;

    private static ReadOnlyMemory<byte>[] Bytes(params string[] texts)
        => [.. texts.Select(text => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(text)))];
}
