namespace ChunkStream.Benchmarks.Peers;

/// <summary>A row of the benchmarks' table. Dapper finds the constructor by the columns' names.</summary>
internal sealed record LargeTableRow(
    long id,
    int quantity,
    decimal price,
    double ratio,
    string description,
    bool active,
    string? note,
    DateTime created_at,
    string attributes);
