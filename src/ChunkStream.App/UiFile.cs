using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;

namespace ChunkStream.App;

/// <summary>A file of the page, out of our own assembly.</summary>
/// <param name="ContentType">What it is.</param>
/// <param name="Bytes">Its content.</param>
internal sealed record UiFile(string ContentType, byte[] Bytes)
{
    // How the build names them: see ui/ui.targets.
    private const string Prefix = "ui/";
    private const string Index = "index.html";

    private static readonly Dictionary<string, Lazy<UiFile>> Files = Names().ToDictionary(
        name => name[Prefix.Length..], name => new Lazy<UiFile>(() => Read(name)), StringComparer.Ordinal);

    private readonly Lazy<byte[]> _compressed = new(() => Compress(Bytes));

    /// <summary>The hash of its content: a new version of the page is never mixed with an old one.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Bytes).AsSpan(0, 12));

    /// <summary>Its content as gzip has it; made once, when first asked for.</summary>
    public byte[] Compressed => _compressed.Value;

    /// <summary>The paths of all files, under the page's address.</summary>
    public static IReadOnlyCollection<string> Paths => Files.Keys;

    /// <summary>The file of a path, or null. Without a path it is the page.</summary>
    public static UiFile? Find(string path)
        => Files.TryGetValue(path.Length == 0 ? Index : path, out var file) ? file.Value : null;

    private static IEnumerable<string> Names()
        => Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));

    private static UiFile Read(string name)
    {
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return new UiFile(ContentTypeOf(name), bytes);
    }

    private static string ContentTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };

    private static byte[] Compress(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
