namespace ChunkStream.Postgres.Columns;

/// <summary>A column of a query, as Postgres describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeId">The object identifier of its type. For a domain, Postgres tells that of its base type.</param>
/// <param name="TypeName">The name of its type.</param>
/// <remarks>
/// A class, and not a tuple: code over lists of classes is compiled ahead of time, and that over lists of values only
/// where it runs, which a new instance waits for.
/// </remarks>
internal sealed record DescribedColumn(string Name, uint TypeId, string TypeName);
