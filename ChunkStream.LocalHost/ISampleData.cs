namespace ChunkStream.LocalHost;

/// <summary>Tables that the local host loads into its embedded Postgres at each start, unless they are there.</summary>
internal interface ISampleData
{
    /// <summary>The table whose rows the option <c>--rows</c> counts.</summary>
    string Table { get; }

    /// <summary>How many rows it has where <c>--rows</c> is not given.</summary>
    long DefaultRows { get; }

    /// <summary>How many rows it may have.</summary>
    long MostRows { get; }

    /// <summary>Loads what is missing, and reports its progress to the console.</summary>
    /// <param name="database">Where to.</param>
    /// <param name="cancellation">Ends it; the next call makes what is half done anew.</param>
    Task LoadAsync(SampleDatabase database, CancellationToken cancellation);
}

/// <summary>Where sample data is loaded to.</summary>
/// <param name="ConnectionString">The database.</param>
/// <param name="Rows">How many rows the table is to have, 0 or more.</param>
/// <param name="StatePath">The folder for what is downloaded once.</param>
internal sealed record SampleDatabase(string ConnectionString, long Rows, string StatePath);
