namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The streams in Postgres. Each call is one round trip and one transaction; what a client may get wrong is an outcome,
/// and only what is broken an exception.
/// </summary>
internal sealed class DurableStore(StreamFunctions functions, AppendQueue appends, IChangeSink changes)
{
    /// <summary>Creates a stream, with its first content, unless it is there.</summary>
    public Task<CreateResult> CreateAsync(CreateStream create, CancellationToken cancellation)
        => functions.CreateAsync(create, cancellation);

    /// <summary>Appends, closes, or both. Once it completes, readers on this and on other instances are on their way to be woken.</summary>
    /// <exception cref="Problems.ProblemException">As many appends wait as may: 503.</exception>
    public Task<AppendResult> AppendAsync(AppendToStream append, CancellationToken cancellation)
        => AppendAsync(append, null, cancellation);

    /// <summary>The same for something that has room in memory already, which is handed over.</summary>
    public Task<AppendResult> AppendAsync(AppendToStream append, AppendRoom.Place? place, CancellationToken cancellation)
        => appends.AppendAsync(append, place, cancellation);

    /// <summary>A stream's metadata. Does not count as a read for its time to live.</summary>
    public Task<(Presence Presence, DurableStream? Stream)> HeadAsync(string path, CancellationToken cancellation)
        => functions.HeadAsync(path, cancellation);

    /// <summary>The stream at a path and a segment of it, as a client's read: its time to live begins anew.</summary>
    /// <param name="path">Checked before.</param>
    /// <param name="from">Where to begin; null: at the tail.</param>
    /// <param name="maxBytes">About how many bytes at most; at least one unit is given where there is one.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<StoredSegment> ReadAsync(string path, long? from, int maxBytes, CancellationToken cancellation)
        => functions.ReadAsync(path, from, maxBytes, cancellation);

    /// <summary>A later segment of the same stream, by its number: for responses that go on.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end at the latest: a position at which a unit ends.</param>
    /// <param name="maxBytes">As above.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<StoredSegment> ReadOnAsync(long id, long from, long to, int maxBytes, CancellationToken cancellation)
        => functions.ReadOnAsync(id, from, to, maxBytes, cancellation);

    /// <summary>The same, into memory that is used for one segment after another.</summary>
    /// <param name="id">As above.</param>
    /// <param name="from">As above.</param>
    /// <param name="to">As above.</param>
    /// <param name="maxBytes">As above.</param>
    /// <param name="buffer">Where the segment's data is until the next call with it.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<StoredSegment> ReadOnAsync(long id, long from, long to, int maxBytes, SegmentBuffer buffer, CancellationToken cancellation)
        => functions.ReadOnAsync(id, from, to, maxBytes, buffer, cancellation);

    /// <summary>Deletes a stream: gone at once for clients. Its data goes later, and stays for its forks.</summary>
    public async Task<Presence> DeleteAsync(string path, CancellationToken cancellation)
    {
        var (presence, id) = await functions.DeleteAsync(path, cancellation).ConfigureAwait(false);
        if (id is not null)
            changes.Tell(id.Value, null);
        return presence;
    }
}
