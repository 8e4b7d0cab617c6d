namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Tests that measure the whole process: its memory, what it has open. They run one after another, when all others are over: what
/// those hold would be measured with it. They have a Postgres of their own.
/// </summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class Alone : ICollectionFixture<RealPostgres>
{
    public const string Collection = "Alone";
}
