using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Reads the rows that the SQL function <c>stream_read</c> gives, and puts a segment together from them. It checks that
/// they follow one another without a gap.
/// </summary>
internal static class SegmentReading
{
    /// <summary>Reads a segment.</summary>
    /// <param name="reader">A reader before the first row. It is sequential.</param>
    /// <param name="asked">When the database was asked: a timestamp.</param>
    /// <param name="from">The position that was asked for; null for the tail.</param>
    /// <param name="buffer">Takes the data.</param>
    /// <param name="cancellation">When it is cancelled, the reading ends.</param>
    /// <returns>The segment, and whether the stream's time to live has to begin anew.</returns>
    /// <exception cref="InvalidDataException">Data are missing in the database.</exception>
    public static async Task<(StoredSegment Segment, bool MustTouch)> ReadSegmentAsync(
        this NpgsqlDataReader reader, long asked, long? from, SegmentBuffer buffer, CancellationToken cancellation)
    {
        if (!await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            throw new InvalidDataException($"A stream has nothing at position {from}, but should go on there.");
        var presence = StatusNames<Presence>.Parse(reader.GetString(0));
        if (presence is not Presence.Present)
            return (new StoredSegment(presence, null, from ?? 0, from ?? 0, default), false);

        var info = reader.ReadStream(asked);
        var mustTouch = reader.GetBoolean(8);
        var start = reader.GetInt64(9);
        var next = from ?? start;
        buffer.Clear();
        await AddAsync(start).ConfigureAwait(false);
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (info.IsJson)
                buffer.Add((byte)',');
            await AddAsync(reader.GetInt64(9)).ConfigureAwait(false);
        }

        return (new StoredSegment(presence, info, start, next, buffer.Data), mustTouch);

        async ValueTask AddAsync(long position)
        {
            if (position != next)
                throw Missing(next, position);
            next = reader.GetInt64(10);
            if (next == position)
                return;
            var size = reader.NullableInt64(11);
            var data = await reader.GetStreamAsync(12, CancellationToken.None).ConfigureAwait(false);
            await using (data.ConfigureAwait(false))
            {
                if (data.Length != (size ?? data.Length))
                    throw Missing(position, next);
                await buffer.AddAsync(data, cancellation).ConfigureAwait(false);
            }
        }

        InvalidDataException Missing(long position, long end)
            => new($"Stream {info.Id} should go on from position {position} to {end}, but data are missing there.");
    }
}
