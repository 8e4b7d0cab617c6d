using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace ChunkStream.Functions.Tests.Deployment;

/// <summary>A node of a YAML file: a mapping, a sequence, or a value.</summary>
internal sealed class YamlFile(YamlNode node)
{
    /// <summary>Reads the documents of a file.</summary>
    /// <param name="path">Its path, under the repository's root.</param>
    public static YamlFile[] Read(params string[] path)
    {
        var stream = new YamlStream();
        using var reader = File.OpenText(Path.Combine([Repository.Root, .. path]));
        stream.Load(reader);
        return [.. stream.Documents.Select(document => new YamlFile(document.RootNode))];
    }

    /// <summary>The value behind some keys, or at some places of sequences; fails where there is none.</summary>
    public YamlFile this[params object[] path] => new(path.Aggregate(node, Child));

    public IEnumerable<YamlFile> Items => ((YamlSequenceNode)node).Select(item => new YamlFile(item));

    public IEnumerable<(string Key, YamlFile Value)> Members
        => ((YamlMappingNode)node).Children.Select(child => (child.Key.ToString(), new YamlFile(child.Value)));

    public string Text => ((YamlScalarNode)node).Value!;

    public int Number => int.Parse(Text, CultureInfo.InvariantCulture);

    private static YamlNode Child(YamlNode node, object key) => key is int place ? node[place] : node[(string)key];
}
