using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ChunkStream.Configuration;

/// <summary>
/// Reads a section of the configuration into an options class, and reports every mistake at once: unknown settings, and
/// values that can't be read. (The framework's binder stops at the first mistake.)
/// </summary>
internal sealed class CheckedSettings<TOptions> : IConfigureOptions<TOptions>, IValidateOptions<TOptions>
    where TOptions : class
{
    private static readonly PropertyInfo[] Settings
        = typeof(TOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    private readonly IConfigurationSection _section;
    private readonly string[] _subsections;

    public CheckedSettings(IConfigurationSection section, string[] subsections)
        => (_section, _subsections) = (section, subsections);

    /// <inheritdoc />
    public void Configure(TOptions options)
    {
        foreach (var given in _section.GetChildren())
        {
            if (Find(given) is { } setting && TryRead(setting, given.Value, out var value))
                setting.SetValue(options, value);
        }
    }

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var mistakes = _section.GetChildren().Select(Mistake).OfType<string>().ToArray();
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private string? Mistake(IConfigurationSection given)
    {
        if (_subsections.Contains(given.Key, StringComparer.OrdinalIgnoreCase))
            return null;
        if (Find(given) is not { } setting)
        {
            var known = string.Join(", ", Settings.Select(known => known.Name).Concat(_subsections));
            return $"{given.Path} is not a setting; {_section.Path} has {known}.";
        }

        return TryRead(setting, given.Value, out _)
            ? null
            : $"{given.Path} must be {Words(TypeOf(setting))}, but is '{given.Value}'.";
    }

    private static PropertyInfo? Find(IConfigurationSection given)
        => Settings.FirstOrDefault(setting => setting.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase));

    // By the types that settings have, since a type's own converter loads much at the start of a process.
    private static bool TryRead(PropertyInfo setting, string? text, out object? value)
    {
        var type = TypeOf(setting);
        var culture = CultureInfo.InvariantCulture;
        value = null;
        if (type == typeof(string))
            value = text;
        else if (type == typeof(bool) && bool.TryParse(text, out var isOn))
            value = isOn;
        else if (type == typeof(double) && double.TryParse(text, NumberStyles.Float, culture, out var number))
            value = number;
        else if (type == typeof(int) && int.TryParse(text, NumberStyles.Integer, culture, out var whole))
            value = whole;
        else if (type == typeof(long) && long.TryParse(text, NumberStyles.Integer, culture, out var large))
            value = large;
        return value is not null;
    }

    private static string Words(Type type)
        => type == typeof(int) ? "a whole number" : type == typeof(double) ? "a number" : $"a {type.Name}";

    private static Type TypeOf(PropertyInfo setting)
        => Nullable.GetUnderlyingType(setting.PropertyType) ?? setting.PropertyType;
}

/// <summary>Registers options that <see cref="CheckedSettings{TOptions}"/> reads and checks.</summary>
internal static class CheckedSettingsServices
{
    /// <summary>
    /// Adds options that are read from a section of the app's configuration, and checked when the host starts. A second
    /// call adds nothing.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="section">The path of the section.</param>
    /// <param name="subsections">The names of sections inside it that belong to other options.</param>
    public static OptionsBuilder<TOptions> AddCheckedSettings<TOptions>(
        this IServiceCollection services, string section, params string[] subsections)
        where TOptions : class
    {
        if (services.All(service => service.ServiceType != typeof(CheckedSettings<TOptions>)))
        {
            services.AddSingleton(provider => new CheckedSettings<TOptions>(
                provider.GetRequiredService<IConfiguration>().GetSection(section), subsections));
            services.AddSingleton<IConfigureOptions<TOptions>>(
                provider => provider.GetRequiredService<CheckedSettings<TOptions>>());
            services.AddSingleton<IValidateOptions<TOptions>>(
                provider => provider.GetRequiredService<CheckedSettings<TOptions>>());
            services.AddOptions<TOptions>().ValidateOnStart();
        }

        return services.AddOptions<TOptions>();
    }

    /// <summary>The same for options whose attributes say more, such as ranges.</summary>
    /// <typeparam name="TOptions">The options.</typeparam>
    /// <typeparam name="TAttributes">
    /// Checks the attributes. The compiler writes it (<c>[OptionsValidator]</c>), so that none is looked for at the
    /// start of each process.
    /// </typeparam>
    public static OptionsBuilder<TOptions> AddCheckedSettings<TOptions, TAttributes>(
        this IServiceCollection services, string section, params string[] subsections)
        where TOptions : class
        where TAttributes : class, IValidateOptions<TOptions>
    {
        var options = services.AddCheckedSettings<TOptions>(section, subsections);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TAttributes>());
        return options;
    }
}
