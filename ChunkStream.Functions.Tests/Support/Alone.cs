namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Tests that measure the whole process: its memory, its open descriptors. They run one after another when all other
/// tests are over, because what those hold would be measured, too. They have a Postgres of their own.
/// </summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class Alone : ICollectionFixture<RealPostgres>
{
    public const string Collection = "Alone";
}
