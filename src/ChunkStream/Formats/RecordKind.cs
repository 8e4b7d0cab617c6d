namespace ChunkStream.Formats;

/// <summary>What a record of a stream means to its reader. Only live queries have others than rows.</summary>
internal enum RecordKind
{
    /// <summary>A row of the result.</summary>
    Row,

    /// <summary>A row that is new, or takes the place of the one with the same key.</summary>
    Upsert,

    /// <summary>The key of a row that is no longer in the result: an object with the key's columns.</summary>
    Delete,

    /// <summary>
    /// Whoever has applied all records so far has the result as it was at one moment. The record is the position: an
    /// object with the token that resumes there.
    /// </summary>
    UpToDate,

    /// <summary>What the reader has is no longer good: the rows come anew. The record says why.</summary>
    MustRefetch,
}
